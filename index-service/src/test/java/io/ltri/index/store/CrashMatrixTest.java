package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.FileSystemUtils;

/**
 * The process dies at an operation on the disk, the power with it or not; now and then it dies
 * again while it recovers. Afterwards the store must be what its clients were told.
 */
class CrashMatrixTest {

  private static final long SEED = 20_261;

  @TempDir Path folder;

  private boolean encrypted;

  /** A text and what continues it, a promoted delta; and their ends. */
  private static Ledger ledger() {
    Ledger ledger = new Ledger();
    ledger.begin("text", new Contents(1, 4, 0), "");
    ledger.begin("more", new Contents(2, 2, 512), "text");
    ledger.begin("delta", new Contents(3, 1, 512), "text");
    return ledger;
  }

  private static void story(DocumentStore store, Ledger ledger) {
    ledger.goOn(store, "text", "");
    ledger.goOn(store, "more", ledger.line("text").id);
    ledger.promote(store, "delta", ledger.line("text").id);
    ledger.delete(store, "text");
    ledger.delete(store, "delta");
    ledger.delete(store, "more");
  }

  private StoreSettings settings(Path data) {
    return new StoreSettings(data, 2, 1_000_000, 1).with(TestKeys.everybodysIf(encrypted));
  }

  private int operationsOfTheStory() throws IOException {
    CrashingFiles files = new CrashingFiles(folder.resolve("trash"));
    Path data = folder.resolve("whole");
    int begin;
    try (DocumentStore store = new DocumentStore(settings(data), files)) {
      begin = files.operations();
      Ledger ledger = ledger();
      story(store, ledger);
      ledger.check(store, data);
      ledger.deleteAll(store, data);
    }
    FileSystemUtils.deleteRecursively(data);
    return files.operations() - begin;
  }

  private void crash(int operation, boolean power) throws IOException {
    Random random = new Random(SEED + 2L * operation + (power ? 1 : 0));
    Path run = folder.resolve("run" + operation + (power ? "power" : "process"));
    Path data = run.resolve("data");
    Ledger ledger = ledger();
    String what = "operation %d (seed %d, power lost: %s)".formatted(operation, SEED, power);
    CrashingFiles files = new CrashingFiles(run.resolve("trash"));
    try (DocumentStore store = new DocumentStore(settings(data), files)) {
      files.crashAfter(operation);
      story(store, ledger);
    } catch (CrashingFiles.Crash e) {
      what += ": " + files.lastOperation();
    } catch (RuntimeException e) {
      // What was called may wrap what killed it.
      if (!files.crashed()) {
        throw e;
      }
    }
    try {
      assertThat(files.crashed()).isTrue();
      if (power) {
        files.losePower(random);
      }
      if (random.nextInt(3) == 0) {
        what +=
            ", again at " + recoverAndDieAgain(data, run.resolve("trash2"), ledger, random, power);
      }
      try (DocumentStore store = new DocumentStore(settings(data), FileLayer.system())) {
        ledger.check(store, data);
        ledger.finish(store);
      }
      try (DocumentStore store = new DocumentStore(settings(data), FileLayer.system())) {
        ledger.check(store, data);
        ledger.deleteAll(store, data);
      }
    } catch (RuntimeException | AssertionError | IOException e) {
      throw new AssertionError("after a crash at " + what, e);
    }
    FileSystemUtils.deleteRecursively(run);
  }

  /** While it starts, or while its clients go on with what they were at. */
  private String recoverAndDieAgain(
      Path data, Path trash, Ledger ledger, Random random, boolean power) throws IOException {
    CrashingFiles files = new CrashingFiles(trash);
    files.crashAfter(random.nextInt(40));
    try (DocumentStore store = new DocumentStore(settings(data), files)) {
      ledger.finish(store);
    } catch (CrashingFiles.Crash e) {
      // As was asked for.
    } catch (RuntimeException e) {
      if (!files.crashed()) {
        throw e;
      }
    }
    if (power) {
      files.losePower(random);
    }
    return files.lastOperation();
  }

  @ParameterizedTest(name = "encrypted: {0}")
  @ValueSource(booleans = {false, true})
  void storeIsWhatItsClientsWereToldAfterACrashAtSomeOperations(boolean withKeys)
      throws IOException {
    encrypted = withKeys;
    int operations = operationsOfTheStory();
    List<Integer> some =
        new ArrayList<>(new Random(SEED).ints(withKeys ? 4 : 12, 0, operations).boxed().toList());
    for (int operation : some) {
      crash(operation, false);
      crash(operation, true);
    }
  }

  /** At every fourth; {@code -Dltri.crash.step=1} for each. */
  @Tag("slow") // some hundred runs
  @ParameterizedTest(name = "encrypted: {0}")
  @ValueSource(booleans = {false, true})
  void storeIsWhatItsClientsWereToldAfterACrashAtManyOperations(boolean withKeys)
      throws IOException {
    encrypted = withKeys;
    int operations = operationsOfTheStory();
    int step = Integer.getInteger("ltri.crash.step", 4);
    int crashes = 0;
    for (int operation = 0; operation < operations; operation += step) {
      crash(operation, false);
      crash(operation, true);
      crashes += 2;
    }
    assertThat(crashes).as("crashes").isGreaterThan(200);
    System.out.printf("%d crashes, seed %d%n", crashes, SEED);
  }
}
