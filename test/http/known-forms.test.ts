import { knownFormsTests } from "./known-forms.ts";

knownFormsTests(1_200);
