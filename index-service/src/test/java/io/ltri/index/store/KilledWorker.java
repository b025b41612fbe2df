package io.ltri.index.store;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.slf4j.LoggerFactory;

/**
 * Not a test: a process that builds, goes on with, promotes and deletes documents until it is
 * killed, and prints the journal of its {@link Ledger} meanwhile. Arguments: data folder, seed,
 * whether they are encrypted.
 */
final class KilledWorker {

  private static final int MOST_DOCUMENTS = 6;

  private KilledWorker() {}

  public static void main(String[] arguments) {
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.OFF);
    Random random = new Random(Long.parseLong(arguments[1]));
    Ledger ledger =
        new Ledger(
            entry -> {
              System.out.println("@" + entry);
              System.out.flush();
            });
    System.out.println("@ready");
    System.out.flush();
    StoreSettings settings =
        new StoreSettings(Path.of(arguments[0]), 2, 1_000_000, 1)
            .with(TestKeys.everybodysIf(Boolean.parseBoolean(arguments[2])));
    try (DocumentStore store = new DocumentStore(settings, FileLayer.system())) {
      List<DocumentSummary> sealed = new ArrayList<>();
      for (DocumentSummary left : store.list(true)) {
        String title = Objects.requireNonNull(left.attributes().get("title"));
        ledger.begin(title, Contents.titled(title), "");
        if (left.state() == DocumentState.BUILDING) {
          ledger.goOn(store, title, left.origin().parentId());
        } else {
          ledger.line(title).id = left.id();
        }
        sealed.add(store.summary(ledger.line(title).id));
      }
      while (true) {
        if (sealed.size() > random.nextInt(MOST_DOCUMENTS)) {
          DocumentSummary last = sealed.remove(random.nextInt(sealed.size()));
          ledger.delete(store, Objects.requireNonNull(last.attributes().get("title")));
        } else {
          sealed.add(build(store, ledger, sealed, random));
        }
      }
    }
  }

  private static DocumentSummary build(
      DocumentStore store, Ledger ledger, List<DocumentSummary> sealed, Random random) {
    String title = "text-%d-%d".formatted(random.nextLong(1L << 40), 1 + random.nextInt(5));
    List<DocumentSummary> roots =
        sealed.stream().filter(document -> !document.origin().hasParent()).toList();
    String parentId = "";
    String parentTitle = "";
    if (!roots.isEmpty() && random.nextBoolean()) {
      DocumentSummary parent = roots.get(random.nextInt(roots.size()));
      parentId = parent.id();
      parentTitle = Objects.requireNonNull(parent.attributes().get("title"));
    }
    ledger.begin(title, Contents.titled(title), parentTitle);
    if (random.nextInt(4) == 0) {
      ledger.promote(store, title, parentId);
    } else {
      ledger.goOn(store, title, parentId);
    }
    return store.summary(ledger.line(title).id);
  }
}
