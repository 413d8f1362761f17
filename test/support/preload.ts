// Jest cannot require() an ES module that is being imported at the same time. jwks-rsa requires jose, and tests import it,
// so it is loaded once before either.
import 'jose';
