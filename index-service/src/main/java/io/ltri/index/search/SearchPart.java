package io.ltri.index.search;

import jdk.jfr.Category;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * How long a part of the work for a look-up took: an event for Java Flight Recorder, off unless a
 * recording asks for it by name, and free of cost then.
 */
@Name("ltri.SearchPart")
@Label("Part of a look-up")
@Category("Ltri")
@Enabled(false)
@StackTrace(false)
public final class SearchPart extends Event {
  @Label("Part")
  private String part = "";

  @Label("Layer")
  private int layer;

  private SearchPart() {}

  public static SearchPart start() {
    SearchPart started = new SearchPart();
    started.begin();
    return started;
  }

  public void end(String part, int layer) {
    if (shouldCommit()) {
      this.part = part;
      this.layer = layer;
      commit();
    }
  }
}
