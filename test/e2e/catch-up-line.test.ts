import { expect, it } from 'vitest';
import { LINES } from '../helpers/deliveries.ts';
import { createWorkDir } from '../helpers/process.ts';
import { startSimulator } from '../helpers/rig.ts';
import { startService } from '../helpers/service.ts';
import { readOverview, until } from '../helpers/status.ts';

it('a line of which only catching up tells is shown, though none of its chats is due', async () => {
  const simulator = await startSimulator();
  const { chatId } = simulator.createChat({ line: LINES[0], service: 'SMS', announce: false });
  simulator.sendMessage(chatId);
  const settings = { CATCH_UP_EVERY: '6h', LINQ_API_BASE_URL: simulator.baseUrl };
  const { url } = await startService(createWorkDir(), settings);
  const { lines, chats } = await until(
    () => readOverview(url),
    (overview) => overview.catchUp.lastCompletedAt !== null && overview.lines.length > 0,
  );
  expect(chats.byState.held).toBe(1);
  expect(lines).toMatchObject([{ chats: 1 }]);
});
