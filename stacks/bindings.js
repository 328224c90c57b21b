// Loaded into Node before CDKTF: bindings.py says why. The provider's lib/index.js consists of lines such as
//   exports.iamRole = require("./iam-role");
// which here become properties that load their module when it is first asked for.
const { prototype } = require("node:module");

const compile = prototype._compile;

prototype._compile = function (source, filename, ...rest) {
  if (!/[\\/]provider-aws[\\/]lib[\\/]index\.js$/.test(filename)) {
    return compile.call(this, source, filename, ...rest);
  }
  prototype._compile = compile;
  const lazy = source.replace(
    /^exports\.(\w+) = (require\(".*"\));$/gm,
    'Object.defineProperty(exports, "$1", { enumerable: true, get: () => $2 });',
  );
  return compile.call(this, lazy, filename, ...rest);
};
