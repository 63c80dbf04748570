export { createApiKey, parseApiKey, secretMatches } from './api-key.ts';
export { hashPassword, passwordMatches } from './password.ts';
export {
  changeAdmin,
  checkAdminId,
  checkPassword,
  checkTenantId,
  createAdmin,
  createTenant,
  findAdmin,
  listAdmins,
  removeAdmin,
} from './provisioning.ts';
