import { knownFormsTests } from "./known-forms.ts";

knownFormsTests(6_000);
