/** The proxy for a URL; `undefined` for a direct connection. The settings that choose it are read in core. */
export type ProxyFor = (url: URL) => URL | undefined;

export const noProxy: ProxyFor = () => undefined;
