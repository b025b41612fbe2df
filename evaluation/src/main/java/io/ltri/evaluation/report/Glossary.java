package io.ltri.evaluation.report;

import java.util.Map;

/** What the names of tasks and policies mean, in a sentence; empty for a name it does not know. */
final class Glossary {
  private static final Map<String, String> TASKS =
      Map.ofEntries(
          Map.entry("niah", "One sentence with a number, hidden in prose at a given depth."),
          Map.entry("niah_single_1", "RULER: one number, hidden in a filler that repeats itself."),
          Map.entry("niah_single_2", "RULER: one number, hidden in prose."),
          Map.entry("niah_single_3", "RULER: one UUID, hidden in prose."),
          Map.entry("niah_multikey_1", "RULER: one number asked for, of four hidden in prose."),
          Map.entry("niah_multikey_2", "RULER: one number, in a text that is all such sentences."),
          Map.entry("niah_multikey_3", "RULER: one UUID, in a text that is all such sentences."),
          Map.entry("niah_multivalue", "RULER: the four numbers of one key, hidden in prose."),
          Map.entry("niah_multiquery", "RULER: the numbers of four keys, hidden in prose."),
          Map.entry(
              "vt", "RULER: all variables that were assigned one value, by way of each other."),
          Map.entry("cwe", "RULER: the ten most common words of a long list."),
          Map.entry("fwe", "RULER: the three most frequent coded words."),
          Map.entry("qa_1", "RULER: questions on paragraphs of SQuAD among others."),
          Map.entry("qa_2", "RULER: questions on paragraphs of HotpotQA among others."),
          Map.entry("planted", "A question about one of three facts planted in prose."),
          Map.entry("passkey", "A five-digit key, hidden in a filler that repeats itself."),
          Map.entry("number", "A ten-digit number, hidden in a filler that repeats itself."));

  private static final Map<String, String> POLICIES =
      Map.ofEntries(
          Map.entry("full", "attends to everything"),
          Map.entry("streaming", "attends to the first tokens and the last ones (StreamingLLM)"),
          Map.entry("ltri", "spans by triangles of attention, looked up in an index (the method)"),
          Map.entry("uniform", "as ltri, with spans of one length"),
          Map.entry("sentence", "as ltri, with spans that end where sentences do"),
          Map.entry("random", "as ltri, with spans of random length"),
          Map.entry("em-llm", "as ltri, with spans that begin with surprising tokens (EM-LLM)"),
          Map.entry("infllm", "blocks of fixed length, found by representative keys (InfLLM)"),
          Map.entry("oracle", "the tokens that attention would favour most, chosen exactly"));

  private Glossary() {}

  static String task(String name) {
    return TASKS.getOrDefault(name, "");
  }

  static String policy(String name) {
    return POLICIES.getOrDefault(name, "");
  }
}
