package io.ltri.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;

/** The description for programs says what the server really does. */
class HttpDescriptionTest {

  @RegisterExtension static final LtriExtension LTRI = TinyModel.services();

  private final Http http = new Http(LTRI::http);

  @Test
  void theDescriptionHasEveryAddressAndNoOther() {
    Map<String, Set<String>> served = new TreeMap<>();
    for (Map.Entry<RequestMappingInfo, ?> mapping :
        LTRI.inferenceBean(RequestMappingHandlerMapping.class).getHandlerMethods().entrySet()) {
      if (!mapping.getValue().toString().startsWith("io.ltri")) {
        continue;
      }
      for (String path : mapping.getKey().getPatternValues()) {
        for (RequestMethod method : mapping.getKey().getMethodsCondition().getMethods()) {
          served
              .computeIfAbsent(path.replace("{*", "{"), p -> new TreeSet<>())
              .add(method.name().toLowerCase(java.util.Locale.ROOT));
        }
      }
    }
    Map<String, Set<String>> described = new TreeMap<>();
    http.get("/openapi.json")
        .json()
        .path("paths")
        .forEachEntry(
            (path, methods) -> described.put(path, new TreeSet<>(methods.propertyNames())));
    assertThat(described).isEqualTo(served).isNotEmpty();
  }

  @Test
  void everyReferenceInTheDescriptionLeadsSomewhere() {
    JsonNode description = http.get("/openapi.json").json();
    for (JsonNode reference : description.findValues("$ref")) {
      String name = reference.asString("").substring("#/components/schemas/".length());
      assertThat(description.path("components").path("schemas").has(name)).as(name).isTrue();
    }
  }
}
