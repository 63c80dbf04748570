export { MAX_REPLY_BYTES } from './parse.ts';
export { MAX_CROP_BYTES } from './picture.ts';
export { isWellFormedReply, type ReplyContext, readReply } from './read-reply.ts';
