export { MAX_CROP_BYTES } from './image.ts';
export { MAX_REPLY_BYTES } from './parse.ts';
export { isWellFormedReply, type ReplyContext, readReply } from './read-reply.ts';
