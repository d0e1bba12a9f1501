import { describeDeliveries } from './carries-deliveries.ts';
import { describeGuarding } from './guards-people.ts';
import { startNginx } from './proxy.ts';
import { describeReplicas } from './spreads-requests.ts';

describeDeliveries('nginx', startNginx);
describeGuarding('nginx', startNginx);
describeReplicas('nginx', startNginx, true);
