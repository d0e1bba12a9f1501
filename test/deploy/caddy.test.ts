import { describeDeliveries } from './carries-deliveries.ts';
import { describeGuarding } from './guards-people.ts';
import { startCaddy } from './proxy.ts';

describeDeliveries('Caddy', startCaddy);
describeGuarding('Caddy', startCaddy);
