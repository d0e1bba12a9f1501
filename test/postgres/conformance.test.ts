import { createPostgresHome } from '../helpers/postgres-home.ts';
import { describeStore } from '../helpers/store-conformance.ts';

describeStore('the store in PostgreSQL', () => createPostgresHome(), true);
