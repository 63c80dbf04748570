// The errors of the KMS double, with the names and statuses of the public KMS API reference. Clients decide by name.

const statuses = {
  AccessDeniedException: 400,
  DisabledException: 400,
  IncompleteSignatureException: 400,
  IncorrectKeyException: 400,
  InvalidCiphertextException: 400,
  InvalidSignatureException: 403,
  KMSInternalException: 500,
  NotFoundException: 400,
  UnknownOperationException: 400,
  UnrecognizedClientException: 400,
  ValidationException: 400,
} as const;

export type KmsErrorName = keyof typeof statuses;

export class KmsError extends Error {
  readonly status: number;

  constructor(name: KmsErrorName) {
    super(name);
    this.name = name;
    this.status = statuses[name];
  }
}
