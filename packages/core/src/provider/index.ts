export type {
  Billed,
  CallHooks,
  DetectOptions,
  PreparedCall,
  Provider,
  ProviderReply,
  ReadReply,
  UpstreamClass,
} from './port.ts';
export { IMAGE_REFUSALS, type ImageRefusal, refusalMessage } from './refusals.ts';
