package io.ltri.benchmarks;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Speaks as the peer's script does, and computes nothing. */
final class FakePeer {
  private FakePeer() {}

  public static void main(String[] args) throws Exception {
    say("{'version': 'none', 'system': 'none'}");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.contains("\"read\"")) {
        say(
            "{'tokens': 100, 'chunks': [[50, 0.5], [100, 2.0]], 'estimated': true, 'lastRate': 33.3}");
      } else {
        String intervals = Stream.generate(() -> "5.0").limit(7).collect(Collectors.joining(", "));
        say(
            "{'promptTokens': 120, 'firstTokenMillis': 20.0, 'intervalsMillis': ["
                + intervals
                + "]}");
      }
    }
  }

  private static void say(String json) {
    System.out.println(json.replace('\'', '"'));
  }
}
