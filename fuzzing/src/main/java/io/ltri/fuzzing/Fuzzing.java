package io.ltri.fuzzing;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs a reader on its seeds and on damaged ones, and fails with the first finding: an exception
 * that it does not declare, more memory than it may allocate, or no end. {@code -Dltri.fuzz.seed}
 * gives it other cases, {@code -Dltri.fuzz.cases} more of them.
 */
public final class Fuzzing {

  private static final int SHOWN_BYTES = 400;

  /** One input takes milliseconds: after this it hangs, on whatever machine. */
  private static final int STALL_SECONDS = 60;

  private static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** The same in every build: one that was green stays so. Another is given to look further. */
  private static final long SEED = 1;

  private Fuzzing() {}

  /** With the number of cases for every build. */
  public static void run(Fuzzed reader, int cases) throws IOException {
    long seed = Long.getLong("ltri.fuzz.seed", SEED);
    int count = Integer.getInteger("ltri.fuzz.cases", cases);
    String name = reader.getClass().getSimpleName();
    System.out.printf("%s: %d cases, -Dltri.fuzz.seed=%d%n", name, count, seed);
    List<byte[]> seeds = reader.seeds();
    for (int i = 0; i < seeds.size(); i++) {
      one(reader, seeds.get(i).clone(), name + ", input " + i);
    }
    AtomicInteger done = new AtomicInteger();
    FutureTask<@Nullable Void> task =
        new FutureTask<>(
            () -> {
              Mutations mutations = new Mutations(seed, seeds, reader.words());
              for (int i = 0; i < count; i++) {
                one(reader, mutations.next(), name + ", case " + i + ", seed " + seed);
                done.incrementAndGet();
              }
              return null;
            });
    Thread thread = new Thread(task, "fuzzing");
    thread.setDaemon(true);
    thread.start();
    await(task, thread, done, name + ", seed " + seed);
  }

  private static void await(
      FutureTask<@Nullable Void> task, Thread thread, AtomicInteger done, String what) {
    int before = -1;
    while (true) {
      try {
        task.get(STALL_SECONDS, TimeUnit.SECONDS);
        return;
      } catch (TimeoutException e) {
        int now = done.get();
        if (now == before) {
          AssertionError stalled = new AssertionError(what + ": case " + now + " does not end");
          stalled.setStackTrace(thread.getStackTrace());
          throw stalled;
        }
        before = now;
      } catch (ExecutionException e) {
        throw e.getCause() instanceof AssertionError found ? found : new AssertionError(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }
  }

  /** One input. */
  static void one(Fuzzed reader, byte[] input, String what) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      reader.read(input.clone());
    } catch (Throwable e) {
      throw new AssertionError(what + ": " + e + "\ninput " + shown(input), e);
    }
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    if (allocated > reader.mostBytes()) {
      throw new AssertionError(
          "%s: %d bytes of input made it allocate %d%ninput %s"
              .formatted(what, input.length, allocated, shown(input)));
    }
  }

  private static String shown(byte[] input) {
    try {
      Path file = Files.createTempFile("finding-", ".bin");
      Files.write(file, input);
      return file + " " + HexFormat.of().formatHex(input, 0, Math.min(input.length, SHOWN_BYTES));
    } catch (IOException e) {
      return e.toString();
    }
  }
}
