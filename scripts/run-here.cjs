'use strict';
// Apart from launch.cjs because `import()` does not parse on very old Nodes; loaded only on one new enough.

/** Runs an ES module in this process; what it throws ends the process as an uncaught error would. */
exports.runHere = function (url) {
  import(url).catch(function (error) {
    setImmediate(function () {
      throw error;
    });
  });
};
