/**
 * What the server loads with the first request that needs it: that takes time, and turns of the loop are what is
 * counted here.
 */
import "../../src/decode/form-data.ts";
import "../../src/decode/lenient-text.ts";
import "../../src/serialise/openmetrics-exposition.ts";
