import { RejectedError } from '@cardseal/base/errors';
import { describe, expect, it } from 'vitest';
import { describeError } from './describe-error.ts';
import { createLog, type Log } from './log.ts';

function written(write: (log: Log) => void) {
  const lines: string[] = [];
  write(createLog('worker', 'info', { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

describe('the log', () => {
  it('writes an event with its fields and level, and without a trace id when there is no trace', () => {
    const [line] = written((log) => log.info('job.accepted', { tenant: 'ten_1', job_id: 'job_1', count: 2 }));
    expect(line).toMatchObject({ event: 'job.accepted', level: 'info', role: 'worker', job_id: 'job_1', count: 2 });
    expect(line).not.toHaveProperty('trace_id');
  });

  it('describes an error by its code and class, never by its message', () => {
    const error = new RejectedError('image_unusable', { cause: new Error('诸葛孔明') });
    const lines = written((log) => log.warn('job.postponed', describeError(error)));
    expect(lines[0]).toMatchObject({ code: 'image_unusable', class: 'rejected', cause: 'Error' });
    expect(JSON.stringify(lines)).not.toContain('诸葛孔明');
  });

  it('does not compile with an event, a level or a field that the catalogue does not have', () => {
    const never = (log: Log) => {
      // @ts-expect-error no such event
      log.info('job.acepted');
      // @ts-expect-error not at this level
      log.error('job.accepted');
      // @ts-expect-error not a field of this event
      log.info('job.accepted', { reason: 'free text' });
    };
    expect(never).toBeTypeOf('function');
  });
});
