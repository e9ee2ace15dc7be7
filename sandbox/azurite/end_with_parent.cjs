// Azurite ends, saving its data, when its standard input does: the process that started it is gone or asks it to.
process.stdin.on("end", () => process.emit("SIGTERM")).resume();
process.stdin.unref();
