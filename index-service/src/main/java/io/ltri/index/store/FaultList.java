package io.ltri.index.store;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Faults in the order they were found, each once; bounded, for a file that lost everything has as
 * many as it has blocks. Not safe for threads.
 */
final class FaultList {

  /** More than this are counted and not named. */
  static final int MOST = 1_000;

  private final Set<String> faults = new LinkedHashSet<>();
  private long more;

  FaultList() {}

  FaultList(Collection<String> faults) {
    faults.forEach(this::add);
  }

  /** Whether it was not known. */
  boolean add(String fault) {
    if (faults.contains(fault)) {
      return false;
    }
    if (faults.size() == MOST) {
      more++;
      return false;
    }
    return faults.add(fault);
  }

  void add(Fault fault) {
    add(fault.toString());
  }

  boolean isEmpty() {
    return faults.isEmpty();
  }

  List<String> toList() {
    List<String> list = new ArrayList<>(faults);
    if (more > 0) {
      list.add("and %d more".formatted(more));
    }
    return List.copyOf(list);
  }
}
