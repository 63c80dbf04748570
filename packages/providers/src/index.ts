export { readStoredReply } from './read-stored-reply.ts';
