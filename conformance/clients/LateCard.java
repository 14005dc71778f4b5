// A program that is started while a card of another issuer is in the reader, and finds the right one later.
// Arguments: configuration of SunPKCS11, code.

import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;

public class LateCard {
    public static void main(String[] arguments) throws Exception {
        Provider provider = Security.getProvider("SunPKCS11").configure(arguments[0]);
        Security.addProvider(provider);
        System.out.println("started");
        // Until the card is there.
        System.in.read();
        for (int attempt = 0; ; attempt++) {
            try {
                KeyStore store = KeyStore.getInstance("PKCS11", provider);
                store.load(null, arguments[1].toCharArray());
                System.out.println("keys: " + store.size());
                return;
            } catch (Exception notYet) {
                // The provider looks at its slot from time to time.
                if (attempt == 100) {
                    throw notYet;
                }
                Thread.sleep(100);
            }
        }
    }
}
