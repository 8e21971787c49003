/** The management port serves the package under this name. */
export { default } from 'uplot';
