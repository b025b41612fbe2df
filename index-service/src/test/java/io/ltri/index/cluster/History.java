package io.ltri.index.cluster;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What clients of a cluster asked for and were told, in the order of one counter; and what is wrong
 * about it.
 */
final class History {

  enum What {
    SEAL,
    GET,
    DELETE,
    COMPARE
  }

  enum Outcome {
    OK,
    /** It is not there; of a read, a seal or a deletion. */
    ABSENT,
    /** It may have been done or not. */
    UNKNOWN,
    /** Other bytes than were sealed. */
    WRONG
  }

  /**
   * @param node that was asked
   * @param id empty: of a comparison of the node with the library, in which nothing failed
   * @param begun before the call
   * @param ended after it
   */
  record Event(What what, int node, String id, long begun, long ended, Outcome outcome) {}

  private final AtomicLong counter = new AtomicLong();
  private final List<Event> events = new ArrayList<>();

  /** Seals that were begun, also those that have not ended. */
  private final Map<String, Long> sealsBegun = new HashMap<>();

  long now() {
    return counter.incrementAndGet();
  }

  synchronized void begunToSeal(String id, long at) {
    sealsBegun.put(id, at);
  }

  synchronized void add(Event event) {
    events.add(event);
  }

  synchronized int count(What what, Outcome outcome) {
    return (int)
        events.stream().filter(event -> event.what() == what && event.outcome() == outcome).count();
  }

  /** Ids of documents that were sealed for good, and of which nobody asked for the deletion. */
  synchronized Set<String> mustBeThere() {
    Set<String> ids = new TreeSet<>();
    for (Event event : events) {
      if (event.what() == What.SEAL && event.outcome() == Outcome.OK) {
        ids.add(event.id());
      }
    }
    for (Event event : events) {
      if (event.what() == What.DELETE && event.outcome() != Outcome.ABSENT) {
        ids.remove(event.id());
      }
    }
    return ids;
  }

  /** Whether its deletion was answered. */
  synchronized boolean isDeleted(String id) {
    return deleted().containsKey(id);
  }

  /** Ids whose deletion was answered, with when. */
  private Map<String, Long> deleted() {
    Map<String, Long> ids = new HashMap<>();
    for (Event event : events) {
      if (event.what() == What.DELETE && event.outcome() == Outcome.OK) {
        ids.merge(event.id(), event.ended(), Math::min);
      }
    }
    return ids;
  }

  /** Everything that can not be; empty when all is well. */
  synchronized List<String> problems() {
    List<String> problems = new ArrayList<>();
    Map<String, Long> deleted = deleted();
    Set<String> kept = mustBeThere();
    for (Event get : events) {
      if (get.what() != What.GET) {
        continue;
      }
      if (get.outcome() == Outcome.WRONG) {
        problems.add("wrong bytes: " + get);
      } else if (get.outcome() == Outcome.OK) {
        Long sealing = sealsBegun.get(get.id());
        if (sealing == null || get.ended() < sealing) {
          problems.add("read before it was sealed: " + get);
        }
        Long gone = deleted.get(get.id());
        if (gone != null && hadHeard(get, gone)) {
          problems.add("back after it was deleted: " + get);
        }
      } else if (get.outcome() == Outcome.ABSENT && kept.contains(get.id()) && hadIt(get)) {
        problems.add("lost: " + get);
      }
    }
    return problems;
  }

  /** Whether the node knew of the deletion: it said so, or compared itself with the library. */
  private boolean hadHeard(Event get, long deletedAt) {
    return events.stream()
        .anyMatch(
            event ->
                event.node() == get.node()
                    && event.begun() > deletedAt
                    && event.ended() < get.begun()
                    && (event.what() == What.COMPARE
                        || event.what() == What.GET
                            && event.id().equals(get.id())
                            && event.outcome() == Outcome.ABSENT));
  }

  /** Whether the node has shown it before, or must have it since it compared itself. */
  private boolean hadIt(Event get) {
    long sealed =
        events.stream()
            .filter(
                event ->
                    event.what() == What.SEAL
                        && event.id().equals(get.id())
                        && event.outcome() == Outcome.OK)
            .mapToLong(Event::ended)
            .findFirst()
            .orElse(Long.MAX_VALUE);
    return events.stream()
        .anyMatch(
            event ->
                event.node() == get.node()
                    && event.ended() < get.begun()
                    && (event.what() == What.COMPARE && event.begun() > sealed
                        || event.what() == What.GET
                            && event.id().equals(get.id())
                            && event.outcome() == Outcome.OK));
  }
}
