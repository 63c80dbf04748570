/** Opens the ledger for commands that read or change it directly. No other process has to run. */
import { systemClock } from '@cardseal/base/clock';
import { commonEnvironment, type Env, readEnvironment, storeEnvironment } from '@cardseal/core/config';
import { type Ledger, openLedger, openMasterKey } from '@cardseal/core/ledger';
import { fileProblems, relationProblems } from '@cardseal/core/preflight';
import { z } from 'zod';

const schema = z.object({
  ...storeEnvironment,
  CARDSEAL_ENV: commonEnvironment.CARDSEAL_ENV,
  ALLOW_PLAINTEXT: commonEnvironment.ALLOW_PLAINTEXT,
});

/** Throws ConfigurationError with every problem of the settings of store and key service. */
export function openLedgerOf(env: Env): { ledger: Ledger; environment: string } {
  const settings = readEnvironment(schema, env, [relationProblems, fileProblems]);
  return { ledger: openLedger(settings, openMasterKey(settings), systemClock), environment: settings.CARDSEAL_ENV };
}
