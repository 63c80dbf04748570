/** Numbers and times for people: short, and the same on every page. */
import { type Html, html } from './html.ts';

/** `4 s`, `3 min`, `2 h 5 min`, `3 d`. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 90) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 48) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`;
  return `${Math.floor(h / 24)} d`;
}

export function ago(atMs: number, nowMs: number): string {
  return `${span(nowMs - atMs)} ago`;
}

/** A moment, in UTC to the second, with the machine's form beside it. */
export function moment(atMs: number | null | undefined): Html | string {
  if (atMs === null || atMs === undefined) return '–';
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)}</time>`;
}

export function count(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

/** Two digits where there are few, none where there are many. */
export function rate(number: number): string {
  return number === 0 ? '0' : number < 10 ? number.toFixed(1) : count(number);
}
