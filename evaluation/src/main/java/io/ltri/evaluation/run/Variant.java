package io.ltri.evaluation.run;

import io.ltri.inference.InferenceSettings;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/**
 * What is compared: the settings of the inference service under a name.
 *
 * @param name as it stands in rows and tables
 * @param changes settings that are not the default, by name ({@code policy}, {@code budget-tokens},
 *     ...)
 */
public record Variant(String name, Map<String, String> changes) {

  public Variant {
    changes = Collections.unmodifiableMap(new TreeMap<>(changes));
  }

  /**
   * @param text {@code POLICY}, {@code POLICY setting=value ...} or {@code NAME: POLICY
   *     setting=value ...}; without a name the text is the name
   * @param common settings of all variants, over which those of the text win
   */
  public static Variant parse(String text, Map<String, String> common) {
    int colon = text.indexOf(": ");
    String name = (colon < 0 ? text : text.substring(0, colon)).strip();
    String[] words = (colon < 0 ? text : text.substring(colon + 2)).strip().split("\\s+");
    Map<String, String> changes = new LinkedHashMap<>(common);
    changes.put("policy", words[0]);
    for (int i = 1; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            "variant '" + text + "': '" + words[i] + "' is not of the form setting=value");
      }
      changes.put(words[i].substring(0, equals), words[i].substring(equals + 1));
    }
    return new Variant(name, changes);
  }

  /** The same with another name and one more change. */
  public Variant with(String newName, String setting, String value) {
    Map<String, String> more = new LinkedHashMap<>(changes);
    more.put(setting, value);
    return new Variant(newName, more);
  }

  /**
   * All settings, checked.
   *
   * @throws IllegalArgumentException naming the setting that is unknown or has no such value
   */
  public InferenceSettings settings() {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("ltri.inference.data", ".");
    changes.forEach((setting, value) -> properties.put("ltri.inference." + setting, value));
    try {
      return new Binder(new MapConfigurationPropertySource(properties))
          .bindOrCreate(
              "ltri.inference",
              Bindable.of(InferenceSettings.class),
              new NoUnboundElementsBindHandler(BindHandler.DEFAULT));
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(
          "variant '" + name + "' " + changes + ": " + rootMessage(e), e);
    }
  }

  private static String rootMessage(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage());
  }
}
