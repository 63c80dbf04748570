export { createApiKey, type ParsedApiKey, parseApiKey, secretMatches } from './api-key.ts';
export { hashPassword, passwordMatches } from './password.ts';
export { createAdmin, createTenant } from './provisioning.ts';
