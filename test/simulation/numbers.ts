/** Who is who on the simulated network. */
export const SERVICE_NUMBER = '+74950000001';
export const SERVER = { host: '192.0.2.1', port: 5060 };
export const MEDIA_HOST = '192.0.2.10';
export const CALLER = { host: '198.51.100.10', port: 5060 };
export const CARRIERS = [
  { host: '203.0.113.21', port: 5060 },
  { host: '203.0.113.22', port: 5060 },
] as const;
export const CALLER_MEDIA = { host: '198.51.100.77', port: 41_002 };
export const CALLEE_MEDIA = { host: '203.0.113.88', port: 42_004 };
export const ACCOUNT = { username: 'driverphone', password: 'a driver has a password' };
export const CARRIER_ACCOUNT = { username: 'masklineaccount', password: 'so have carriers' };
/** Words that each side says of itself everywhere. */
export const CALLER_SECRET = 'zebrawood';
export const CALLEE_SECRET = 'quillfish';
