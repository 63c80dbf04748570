/** Runs `npm run lint` and `npm run lint:prose`. */
export { main } from '@cardseal/lint';
