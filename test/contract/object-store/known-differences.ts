// Known differences of other stores from S3, each with its reason. Selected by S3_CONTRACT_FLAVOUR. No difference is
// ignored: `fails` runs the check and demands that it still fails, so that a fixed gateway is noticed. `skip` is for
// checks that fail only sometimes or would hang; they are reported as skipped with the reason.

export type Difference = { treat: 'fails' | 'skip'; reason: string };

const fails = (reason: string): Difference => ({ treat: 'fails', reason });

const noFlexibleChecksums = 'it knows no x-amz-checksum headers: neither verified, nor kept, nor given back';
const noTrailers = 'it knows no payload forms with trailers';
const quotedEtag = 'it compares If-Match with the quotes still on, so the ETag it gave out never matches';

/** Ceph's object gateway 16.2, as in Debian 12. */
const ceph: Record<string, Difference> = {
  'If-Match with the current ETag writes; with an old one it is 412': fails(quotedEtag),
  '30 races of 8 writers with If-Match: one winner each': fails(quotedEtag),
  'If-Match on nothing is 404': fails('it answers 412 for a missing object'),
  'a conditional delete with an old ETag is 412 and deletes nothing': fails('it ignores conditions on DeleteObject'),
  'more than 1024 bytes are refused': fails('it refuses with a different code, InvalidObjectName'),
  'a DeleteObjects without any digest of its body is refused': fails('it accepts one without a digest'),
  'an x-amz header that was not signed is refused': fails('it accepts unsigned x-amz headers'),
  'a Readable of known length arrives byte by byte': fails(noTrailers),
  'aws-chunked is not kept as the content encoding': fails(noTrailers),
  'with a signed trailer, too': fails(noTrailers),
  'an empty body in signed chunks': fails('it takes an empty chunked body for a malformed one'),
  'the right checksum in the trailer is accepted': fails(noTrailers),
  'a wrong checksum in the trailer is 400 BadDigest and nothing is stored': fails(noTrailers),
  'a wrong CRC32 is 400 BadDigest and nothing is stored': fails(noFlexibleChecksums),
  'a wrong SHA1 is 400 BadDigest and nothing is stored': fails(noFlexibleChecksums),
  'a wrong SHA256 is 400 BadDigest and nothing is stored': fails(noFlexibleChecksums),
  'CRC32 is kept and given back': fails(noFlexibleChecksums),
  'CRC32C is kept and given back': fails(noFlexibleChecksums),
  'SHA1 is kept and given back': fails(noFlexibleChecksums),
  'SHA256 is kept and given back': fails(noFlexibleChecksums),
};

const flavours: Record<string, Record<string, Difference>> = { ceph };

export function knownDifference(check: string): Difference | undefined {
  const flavour = process.env.S3_CONTRACT_FLAVOUR;
  if (!flavour) return undefined;
  const differences = flavours[flavour];
  if (!differences) throw new Error(`S3_CONTRACT_FLAVOUR names no known store; known: ${Object.keys(flavours).join()}`);
  return differences[check];
}
