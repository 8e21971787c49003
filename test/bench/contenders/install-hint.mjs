/** How to get the contenders that no package manager of the system has. */
export const howToInstall = '`npm run bench -- --install-peers`';
