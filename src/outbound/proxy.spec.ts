import { OutboundProxy } from './proxy.ts';

describe('NO_PROXY', () => {
  it.each([
    ['octane.example.com', 'octane.example.com', true],
    ['octane.example.com', 'OCTANE.example.com.', true],
    ['example.com', 'octane.example.com', true],
    ['example.com', 'badexample.com', false],
    ['.example.com', 'octane.example.com', true],
    ['.example.com', 'badexample.com', false],
    ['*.example.com', 'octane.example.com', true],
    ['EXAMPLE.COM', 'octane.example.com', true],
    ['*', 'octane.example.com', true],
    ['other.example, octane.example.com', 'octane.example.com', true],
    ['other.example octane.example.com', 'octane.example.com', true],
    ['octane.example.com:443', 'octane.example.com', true],
    ['octane.example.com:8443', 'octane.example.com', false],
    ['*:443', 'octane.example.com', true],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.0/8', '10.example.com', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3:443', '10.1.2.3', true],
    ['10.1.2.3:80', '10.1.2.3', false],
    ['fd00::/8', '[fd00::1]', true],
    ['fd00::/8', '[fe80::1]', false],
    ['::1', '[::1]', true],
    ['[::1]', '[0:0:0:0:0:0:0:1]', true],
    ['[::1]:443', '[::1]', true],
    ['[::1]:80', '[::1]', false],
    ['10.0.0.0/99', '10.0.0.0', false],
    ['', 'octane.example.com', false],
    [' , ,.', 'octane.example.com', false],
  ])('%j has %s reached directly: %s', (noProxy, host, isDirect) => {
    const proxy = new OutboundProxy('http://proxy.example.com:3128', noProxy);
    expect(proxy.isFor(host, 443)).toBe(!isDirect);
  });
});
