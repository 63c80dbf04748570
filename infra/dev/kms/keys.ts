// The keys of the KMS double, stored in a folder and never shown, and the operations on them.
// Ciphertext: key id (36 bytes) · nonce (12) · encrypted data · tag (16). The encryption context is the associated data.
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { KmsError } from './kms-error.ts';

export type EncryptionContext = Readonly<Record<string, string>>;
type StoredKey = { id: string; alias: string; secret: string; enabled: boolean };

const idBytes = 36;
const nonceBytes = 12;
const tagBytes = 16;

export class Keys {
  readonly #file: string;
  readonly #region: string;
  readonly #keys: StoredKey[];

  /** Creates the keys that `aliases` name and the folder lacks. */
  constructor(dataDir: string, region: string, aliases: readonly string[]) {
    this.#file = path.join(dataDir, 'kms-keys.json');
    this.#region = region;
    this.#keys = existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, 'utf8')) as StoredKey[]) : [];
    for (const alias of aliases) {
      if (this.#keys.some((key) => key.alias === alias)) continue;
      this.#keys.push({ id: randomUUID(), alias, secret: randomBytes(32).toString('base64'), enabled: true });
    }
    this.#save();
  }

  setEnabled(keyId: string, enabled: boolean): void {
    this.#find(keyId).enabled = enabled;
    this.#save();
  }

  arnOf(keyId: string): string {
    return `arn:aws:kms:${this.#region}:000000000000:key/${this.#find(keyId).id}`;
  }

  encrypt(keyId: string, context: EncryptionContext, plain: Buffer): Buffer {
    const key = this.#usable(keyId);
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', Buffer.from(key.secret, 'base64'), nonce, { authTagLength: tagBytes });
    cipher.setAAD(canonical(context));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([Buffer.from(key.id), nonce, sealed, cipher.getAuthTag()]);
  }

  /** @throws KmsError `IncorrectKeyException` if `keyId` is given and another key encrypted the blob. */
  decrypt(keyId: string | undefined, context: EncryptionContext, blob: Buffer): { keyId: string; plain: Buffer } {
    if (blob.length < idBytes + nonceBytes + tagBytes) throw new KmsError('InvalidCiphertextException');
    const id = blob.toString('latin1', 0, idBytes);
    if (!this.#keys.some((key) => key.id === id)) throw new KmsError('InvalidCiphertextException');
    if (keyId !== undefined && this.#find(keyId).id !== id) throw new KmsError('IncorrectKeyException');
    const key = this.#usable(id);
    const nonce = blob.subarray(idBytes, idBytes + nonceBytes);
    const secret = Buffer.from(key.secret, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: tagBytes });
    decipher.setAAD(canonical(context));
    decipher.setAuthTag(blob.subarray(-tagBytes));
    try {
      const sealed = blob.subarray(idBytes + nonceBytes, -tagBytes);
      return { keyId: id, plain: Buffer.concat([decipher.update(sealed), decipher.final()]) };
    } catch {
      throw new KmsError('InvalidCiphertextException');
    }
  }

  #usable(keyId: string): StoredKey {
    const key = this.#find(keyId);
    if (!key.enabled) throw new KmsError('DisabledException');
    return key;
  }

  #find(keyId: string): StoredKey {
    const id = keyId.slice(keyId.lastIndexOf('/') + 1);
    const found = this.#keys.find((key) => key.alias === keyId || key.id === id);
    if (!found) throw new KmsError('NotFoundException');
    return found;
  }

  #save(): void {
    const draft = `${this.#file}.${process.pid}.draft`;
    writeFileSync(draft, JSON.stringify(this.#keys), { mode: 0o600 });
    renameSync(draft, this.#file);
  }
}

function canonical(context: EncryptionContext): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
}
