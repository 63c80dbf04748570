/** The proxy for a URL; `undefined` for a direct connection. `core/config` reads the settings that choose it. */
export type ProxyFor = (url: URL) => URL | undefined;

export const noProxy: ProxyFor = () => undefined;
