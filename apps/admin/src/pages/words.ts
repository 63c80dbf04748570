/** Formats numbers and times for people, in the same short form on every page. */
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

/** A time in UTC to the second. The `datetime` attribute holds the ISO form. */
export function moment(atMs: number | null | undefined): Html | string {
  if (atMs === null || atMs === undefined) return '–';
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)}</time>`;
}

export function count(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

/** One decimal place below 10, none from 10. */
export function rate(number: number): string {
  return number === 0 ? '0' : number < 10 ? number.toFixed(1) : count(number);
}
