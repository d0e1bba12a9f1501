import { describeDeliveries } from './carries-deliveries.ts';
import { describeGuarding } from './guards-people.ts';
import { startNginx } from './proxy.ts';

describeDeliveries('nginx', startNginx);
describeGuarding('nginx', startNginx);
