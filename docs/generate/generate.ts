import { writeFileSync } from 'node:fs';
import { DOCUMENTS, placeOf } from './documents.ts';

for (const { path, render } of DOCUMENTS) {
  writeFileSync(placeOf(path), await render());
  console.log(path);
}
