import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Unwraps keys with the authentication key, and deciphers a message with one of them. */
final class Unwrap {
    /** Usage: CONFIGURATION-OF-PROVIDER PIN LABEL ALGORITHM WRAPPED VALUE. VALUE "hidden": it must not be seen. */
    public static void main(String[] arguments) throws Exception {
        Provider provider = Security.getProvider("SunPKCS11").configure(arguments[0]);
        Security.addProvider(provider);
        KeyStore card = KeyStore.getInstance("PKCS11", provider);
        card.load(null, arguments[1].toCharArray());
        Cipher cipher = Cipher.getInstance("RSA/ECB/PKCS1Padding", provider);
        cipher.init(Cipher.UNWRAP_MODE, card.getKey(arguments[2], null));
        String algorithm = arguments[3];
        byte[] wrapped = Files.readAllBytes(Path.of(arguments[4]));
        Key key = cipher.unwrap(wrapped, algorithm, Cipher.SECRET_KEY);
        System.out.println(algorithm + " " + key.getClass().getName());
        if (!key.getAlgorithm().equals(algorithm)) {
            throw new AssertionError("a key for " + key.getAlgorithm());
        }
        byte[] value = key.getEncoded();
        if (arguments[5].equals("hidden")) {
            if (value != null) {
                throw new AssertionError("the value of a sensitive key");
            }
            return;
        }
        if (!Arrays.equals(value, Files.readAllBytes(Path.of(arguments[5])))) {
            throw new AssertionError("another key than was wrapped");
        }
        if (algorithm.equals("AES")) {
            Cipher aes = Cipher.getInstance("AES/CBC/PKCS5Padding", "SunJCE");
            aes.init(Cipher.DECRYPT_MODE, new SecretKeySpec(value, "AES"), new IvParameterSpec(new byte[16]));
            Files.write(Path.of("deciphered"), aes.doFinal(Files.readAllBytes(Path.of("enciphered"))));
        }
        wrapped[0] ^= 1;
        wrapped[100] ^= 1;
        try {
            cipher.unwrap(wrapped, algorithm, Cipher.SECRET_KEY);
            throw new AssertionError("a key out of a changed cryptogram");
        } catch (java.security.InvalidKeyException refused) {
            System.out.println(refused.getCause());
        }
    }

    private Unwrap() {}
}
