import { json } from '../answer.ts';
import { fieldFaults, isObject, oneOf, required, text } from '../fields.ts';
import { refused } from '../operation.ts';
import type { Operation } from '../operation.ts';

const fields = [
  required(oneOf('productSelection', ['nbn'])),
  required(text('locationId')),
  text('csn'),
  text('pri'),
  oneOf('sqType', ['NFAS']),
];

/** Every place that is numbered as NBN does it can have the product. */
const place = /^LOC\d{12}$/;

export const checkServiceQualification: Operation = {
  name: 'service-qualification',
  route: 'POST /v1/qualification/check',
  reads: true,
  decide: ({ body }) => {
    if (!isObject(body)) return refused(['the body must be a JSON object']);
    const errors = fieldFaults(body, fields);
    if (errors.length > 0) return refused(errors);
    const locationId = body['locationId'] as string;
    if (!place.test(locationId)) {
      return { answer: json(200, { errorCode: 404, errorMessage: 'No such location', success: false }) };
    }
    return {
      answer: json(200, { errorCode: 0, errorMessage: '', success: true, response: responseFor(locationId) }),
    };
  },
};

function responseFor(locationId: string) {
  return {
    remoteOrderId: 'SQ0000000001',
    qualificationSearchId: 4711,
    remoteQualificationSearchId: 'RSQ0000000001',
    productSelection: 'nbn',
    dateSubmitted: '18-04-2024',
    location: {
      id: locationId,
      addressString: '1 Example Street, Sydney NSW 2000',
      streetNumber: '1',
      street: 'Example Street',
      suburb: 'Sydney',
      state: 'NSW',
      postcode: '2000',
      gpsLatitude: -33.8688,
      gpsLongitude: 151.2093,
      technologyType: 'FTTP',
      technologyTypeDescription: 'Fibre to the premises',
      serviceClass: 3,
      serviceClassDescription: 'Fibre, connected',
      region: 'Urban',
      locationIdentifiers: { type: 'NBN', id: locationId, name: 'NBN location' },
    },
    product: {
      productName: 'nbn',
      productResult: 'PASS',
      productResultReason: '',
      supportedProductFeatures: [{ name: 'TC4', value: '100/20' }],
    },
    infrastructures: [
      {
        id: 'NTD000000000001',
        ntdType: 'Internal',
        ntdPowerType: 'AC',
        batteryPowerUnit: 'No',
        ntdLocation: 'Garage',
        ntdPort: [{ id: 1, status: 'Free' }],
      },
    ],
  };
}
