package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real process that works on a store is killed (SIGKILL) at random moments, again and again. */
class KillTest {

  private static final long SEED = 4_711;

  /** Steps that a process tells of before it is killed, at most; and how soon after the last. */
  private static final int MOST_STEPS = 40;

  private static final int LATEST_KILL_MILLIS = 40;

  @TempDir Path folder;

  private boolean encrypted;

  @Test
  void storeIsWhatItsClientsWereToldAfterKills() throws Exception {
    kill(3);
  }

  @Test
  void storeOfEncryptedDocumentsIsWhatItsClientsWereToldAfterKills() throws Exception {
    encrypted = true;
    kill(2);
  }

  /** {@code -Dltri.kills=60} for more. */
  @Tag("slow") // starts a JVM for each
  @Test
  void storeIsWhatItsClientsWereToldAfterManyKills() throws Exception {
    kill(Integer.getInteger("ltri.kills", 20));
  }

  private void kill(int times) throws Exception {
    Ledger ledger = new Ledger();
    Random random = new Random(SEED);
    int told = 0;
    for (int i = 0; i < times; i++) {
      List<String> journal = liveAndDie(SEED + i, random);
      told += journal.size();
      journal.forEach(ledger::replay);
      try (DocumentStore store = open()) {
        ledger.check(store, folder);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("after kill %d, seed %d: %s".formatted(i, SEED, journal), e);
      }
    }
    try (DocumentStore store = open()) {
      ledger.finish(store);
      ledger.check(store, folder);
      ledger.deleteAll(store, folder);
    }
    assertThat(told).as("steps that were told").isGreaterThan(times);
    System.out.printf(
        "%d kills, %d documents, %d steps told, seed %d%n",
        times, ledger.lines().size(), told, SEED);
  }

  private DocumentStore open() {
    return new DocumentStore(
        new StoreSettings(folder, 2, 1_000_000, 1).with(TestKeys.everybodysIf(encrypted)),
        FileLayer.system());
  }

  private List<String> liveAndDie(long seed, Random random) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                KilledWorker.class.getName(),
                folder.toString(),
                Long.toString(seed),
                Boolean.toString(encrypted))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    List<String> journal = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      String line = lines.readLine();
      while (line != null && !line.equals("@ready")) {
        line = lines.readLine();
      }
      assertThat(line).as("the process did not come up").isNotNull();
      // At no step told, it is killed while it opens the store, after the kill before.
      read(lines, journal, random.nextInt(MOST_STEPS));
      Thread.sleep(random.nextInt(LATEST_KILL_MILLIS));
      // Not by the process itself, which would close the pipe that is still to be read.
      process.toHandle().destroyForcibly();
      read(lines, journal, Integer.MAX_VALUE);
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor()).as("it was killed, and did not fail").isEqualTo(128 + 9);
    return journal;
  }

  private static void read(BufferedReader lines, List<String> journal, int most)
      throws IOException {
    for (int left = most; left > 0; left--) {
      String line = lines.readLine();
      if (line == null) {
        return;
      }
      if (line.startsWith("@")) {
        journal.add(line.substring(1));
      }
    }
  }
}
