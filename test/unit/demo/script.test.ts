import { expect, it } from 'vitest';
import { endlessStory, LAST_DAY, type Scene, THREE_DAYS } from '../../../src/demo/script.ts';

const instants = (scenes: readonly Scene[]) => scenes.map(({ day, hour }) => day * 24 + hour);

it('plays its scenes in the order of their time, within its three days', () => {
  const times = instants(THREE_DAYS);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(THREE_DAYS.every(({ day, hour }) => day >= 1 && day <= LAST_DAY && hour < 24)).toBe(true);
});

it('goes on every day when nobody stops it', () => {
  const story = endlessStory();
  const scenes: Scene[] = [];
  while (scenes.length < THREE_DAYS.length + 30) scenes.push(story.next().value);
  const times = instants(scenes);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const days = new Set(scenes.map(({ day }) => day));
  expect([...days]).toEqual(Array.from({ length: days.size }, (_, index) => index + 1));
});
