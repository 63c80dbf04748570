export {
  asCardsealError,
  CardsealError,
  DefectError,
  RejectedError,
  ThrottledError,
  TransientError,
} from './errors.ts';
