import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../../src/decide/time.ts';
import { answerOf, outboundOf, silenceOf, T } from '../../helpers/builders.ts';
import { startReactor } from '../../helpers/reactor.ts';

describe('an answer to a call of others', () => {
  it('that limits the rate pauses all shares as long as it asks for, across a restart', async () => {
    const first = await startReactor();
    first.dispatcher.noteExternalAnswer(answerOf(429, 1007, { retryAfterMs: 10 * MINUTE }), T);
    await first.deliver(outboundOf(T));
    await first.crash();
    const { linq, run } = await first.restart();
    await run(10 * MINUTE - 1);
    expect(linq.shares()).toEqual([]);
    await run(SECOND);
    expect(linq.shares()).toHaveLength(1);
  });

  it('that rejects the key stops all shares until a look at the cards shows that it works', async () => {
    const { dispatcher, linq, deliver, run } = await startReactor();
    dispatcher.noteExternalAnswer(answerOf(401, 2004), T);
    expect(dispatcher.snapshot().account).toMatchObject({ reason: 'api_key_rejected' });
    await deliver(outboundOf(T));
    expect(linq.shares()).toEqual([]);
    await run(MINUTE);
    expect(linq.shares()).toHaveLength(1);
    expect(dispatcher.snapshot().account).toBeNull();
  });

  it.each([answerOf(500, 3006), answerOf(404, 2001), silenceOf()])(
    'of another kind closes nothing',
    async (answer) => {
      const { dispatcher } = await startReactor();
      for (let n = 0; n < 10; n++) dispatcher.noteExternalAnswer(answer, T);
      expect(dispatcher.snapshot().holds).toEqual([]);
    },
  );
});
