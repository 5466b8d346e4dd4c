import { pageAssets } from "./page-assets.ts";

/** Where the program runs from source: the files of the page as they are now. */
export default pageAssets();
