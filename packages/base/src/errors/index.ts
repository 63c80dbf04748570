export {
  asCardsealError,
  CardsealError,
  DefectError,
  type Disposition,
  type ErrorDetails,
  RejectedError,
  ThrottledError,
  TransientError,
} from './errors.ts';
