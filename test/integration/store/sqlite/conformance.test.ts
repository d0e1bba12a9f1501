import { createSqliteHome } from '../../../helpers/sqlite-home.ts';
import { describeStore } from '../../../helpers/store-conformance.ts';

describeStore('the store in a SQLite file', createSqliteHome);
