/** The version of all packages of Ostinato; a test holds it to package.json. */
export const VERSION = '0.1.0';
