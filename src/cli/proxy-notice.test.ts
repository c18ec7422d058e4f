import { describe, expect, it } from 'vitest';
import { proxyNotice } from './proxy-notice.ts';

describe('the notice about proxies', () => {
  it('names what is set and shows no value', () => {
    const notice = proxyNotice({ HTTPS_PROXY: 'http://user:secret@proxy:3128', all_proxy: 'socks5://proxy' });
    expect(notice).toContain('HTTPS_PROXY, all_proxy are set but not used');
    expect(notice).not.toMatch(/secret|socks5/);
    expect(proxyNotice({ http_proxy: 'x' })).toContain('http_proxy is set but not used');
  });

  it('is not there without a proxy', () => {
    expect(proxyNotice({ HTTP_PROXY: '', NO_PROXY: '*' })).toBeNull();
  });
});
