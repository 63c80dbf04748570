import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Verify {
  /** True if body, the raw bytes as received, was signed with secret (whsec_…) within five minutes of nowS. */
  public static boolean verify(String secret, Map<String, String> headers, byte[] body, long nowS)
      throws GeneralSecurityException {
    String id = headers.get("webhook-id");
    String timestamp = headers.get("webhook-timestamp");
    String signatures = headers.get("webhook-signature");
    byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
    if (id == null || timestamp == null || signatures == null || key.length == 0) return false;
    if (!timestamp.matches("[0-9]{1,12}") || Math.abs(nowS - Long.parseLong(timestamp)) > 300) return false;
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
    String expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
    boolean matched = false;
    for (String given : signatures.split(" ")) {
      matched |= MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), expected.getBytes(StandardCharsets.UTF_8));
    }
    return matched;
  }
}
