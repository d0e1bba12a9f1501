import { openSqlite } from '../../src/store/sqlite.js';

/** From now on the handles that tests open by themselves are kept, too; why is told there. */
openSqlite(':memory:').close();
