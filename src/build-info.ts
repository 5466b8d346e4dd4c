/**
 * How this program was built. `build.ts` replaces the names below by their values; from source there is only the
 * version.
 */
declare const BUILD_VERSION: string | undefined;
declare const BUILD_REVISION: string | undefined;
declare const BUILD_BRANCH: string | undefined;
declare const BUILD_USER: string | undefined;
declare const BUILD_DATE: string | undefined;

export const build = {
  version: typeof BUILD_VERSION === "string" ? BUILD_VERSION : "2.0.0",
  revision: typeof BUILD_REVISION === "string" ? BUILD_REVISION : "unknown",
  branch: typeof BUILD_BRANCH === "string" ? BUILD_BRANCH : "unknown",
  buildUser: typeof BUILD_USER === "string" ? BUILD_USER : "unknown",
  buildDate: typeof BUILD_DATE === "string" ? BUILD_DATE : "unknown",
} as const;
